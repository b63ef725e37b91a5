"""What Grid is made of: whether anything known is wrong with it. Not installed with the programs."""
