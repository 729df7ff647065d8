"""From an export to a LoRA adapter, by several losses, on ids that no text can forge; tribes that evolve."""
