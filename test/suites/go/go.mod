module sortie.test/gosuite

go 1.19
