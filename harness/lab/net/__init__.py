"""Namespaces, links, addresses and routes of the lab, by system calls and rtnetlink alone: no `ip`, `nft` or `tc`."""
