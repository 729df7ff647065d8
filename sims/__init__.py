"""How it executes: scheduler, engines, command line."""
