"""Makes clients of Prefect's API with the credential of our processes, which no address, log or error shows."""

from prefect.client.orchestration import SyncPrefectClient

from apps.prefect_login import given_credential


def prefect_client(api_url: str) -> SyncPrefectClient:
    """Return a client with the credential of the environment; Prefect gives it only to clients that it makes itself."""
    return SyncPrefectClient(api_url, auth_string=given_credential() or None)
