"""How strong players are: Elo, SPARTA reputation, Bradley–Terry."""
