"""Whether preference data deserves trust: a report with warnings, filters, and published cleanings.

| module | what |
|---|---|
| `pairs.py` | reads an export's pairs; turns pairs round |
| `meanings.py` | what each measure means, and when it is worth a warning |
| `report.py` | all measures of an export, with intervals |
| `filters.py` | `margin>=1`, `duplicates`, …: what to keep |
| `cleaning.py` | the thirteen treatments of PrefCleanBench |
"""
