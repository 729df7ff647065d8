"""What turns calls into replies: vLLM in this process, a server, a script."""
