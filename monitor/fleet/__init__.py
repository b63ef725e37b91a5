"""What is believed of every turbine."""
