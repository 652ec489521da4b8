"""The portal: the pages of customers, who have no account."""
