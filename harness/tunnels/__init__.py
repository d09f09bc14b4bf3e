"""Outside engines as programs: one process a path, started on first use, gone with us whatever happens.

`program` finds the engine and says which one it is, `process` holds it, `engines` shares it among the walks of a path,
`tunnel` is the hop that the rows of `harness.paths.table` build through `wireguard`, `shadowsocks` and `trojan`.
"""
