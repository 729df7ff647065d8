"""The command line: one function a command, what each prints, and the files that come ready-made."""
