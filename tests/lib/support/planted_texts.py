"""What the tests put into a run to find it again in its report."""

from __future__ import annotations

from palaestra.runs.record.records import Record

HOSTILE = "</script><script>window.harmed = 1</script><!-- <img src=x onerror='window.harmed = 1'> & $title"
PLANTED = "Then a Heron came by."
CHANGED: dict[tuple[int, int], Record] = {
    (1, 3): {"text": f"{HOSTILE} {{'not': JSON}}"},
    (2, 4): {"text": PLANTED},
    (2, 2): {"text": "no such option", "failed": True, "attempts": 3},
}
"""What is put in place of some calls' recorded replies, by episode and call."""
