"""Networks: a batch of images in, features and their width out."""
