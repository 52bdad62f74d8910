"""Views: what a batch looks like to a network, drawn anew for each sample in each epoch.

A view takes images as stored, (N, H, W, C), on their device, and comes before the scaler: colours
and brightness mean something there, and a scaler that standardises an image sees what the network
will see. Each sample has draws of its own, which depend on nothing but (seed, epoch, sample, view).
"""
