"""The forward equations executed by torch, with every intermediate and its autograd adjoint. The only room of torch."""
