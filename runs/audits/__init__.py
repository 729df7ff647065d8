"""Audits of judges: whose they are, where they are kept, what they say, what stands beside a run's results.

An audit belongs to a judge in one way of judging, known by a fingerprint of what answers and what it is
asked. Only its answers to the planted pairs are kept; every number is worked out from these when it is told.
"""
