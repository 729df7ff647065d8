"""What a run leaves behind: its folder, its log, its tables, its transcripts."""

if __name__ != "palaestra.runs":  # a second copy of every class would be no instance of the first
    raise ModuleNotFoundError("this package is palaestra.runs", name=__name__)
