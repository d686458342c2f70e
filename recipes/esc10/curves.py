"""Fine-tuning beside training from nothing: accuracy over the epochs, one picture.

    python -m recipes.esc10.curves train [--folds 1 2 3 4 5] [--settings train scratch]
    python -m recipes.esc10.curves draw

Each fold is held out as the fold to validate with, which is only written down after every epoch: nothing is chosen by
it, and the last value is that of the last step.
"""
