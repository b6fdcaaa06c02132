module sortie.invalid/client

go 1.24
