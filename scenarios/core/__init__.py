"""What all scenarios are made of: the episode, its file, the contract that it keeps."""
