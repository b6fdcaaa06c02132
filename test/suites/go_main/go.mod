module example.com/go.main

go 1.22
