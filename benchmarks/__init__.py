"""Measurements that print ratios; run them with `make bench`."""
