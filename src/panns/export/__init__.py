"""Export a trained model to ONNX, and verify the file."""
