"""What several tests share: scenarios made up for them, tables worked by hand, the real engine."""
