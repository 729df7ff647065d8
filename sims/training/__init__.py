"""From an export to a LoRA adapter: DPO, KTO and SFT with TRL, on ids that no text can forge."""
