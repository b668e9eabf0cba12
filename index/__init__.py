"""What is stored and how it is found: catalogue, embedders, search indexes, retriever."""
