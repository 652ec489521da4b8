"""How somebody proves who he is: accounts, passwords, second factors, sessions, tokens, log-ins at a provider."""
