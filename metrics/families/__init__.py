"""What happened: one module a family, with all its metrics and, below them, its figures.

A module here is found by its being here (`palaestra.runs.measures`), and so is one that another
package registers by an entry point in the group `palaestra.metrics`: `manners = "mypackage.manners"`.
"""
