"""The pages about the product, and `generate`, which writes those that can be made of it."""
