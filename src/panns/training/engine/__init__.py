"""How a network learns: one loop; losses, targets and augmentation are settings of it."""
