module sortie.test/ginkgoearly

go 1.16

require github.com/onsi/ginkgo v1.2.0
