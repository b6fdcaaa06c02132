module example.com/go_early

go 1.20
