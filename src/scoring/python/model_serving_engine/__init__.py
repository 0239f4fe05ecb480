"""Hosts Microsoft's azureml-inference-server-http, unchanged, behind the scoring server."""
