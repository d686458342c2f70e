"""The checkpoint format: a folder, or one exported `.onnx` file, with a manifest."""
