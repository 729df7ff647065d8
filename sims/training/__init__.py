"""From an export to a LoRA adapter, by DPO, KTO or SFT on ids that no text can forge; tribes that evolve."""
