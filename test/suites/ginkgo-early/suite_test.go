// A suite of Ginkgo before 1.11, which writes no report file: its output says everything.
package ginkgoearly

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/ginkgo"
)

func TestEarly(t *testing.T) { RunSpecs(t, "Old [suite] (2016)") }

func fails(where string) {
	if os.Getenv("FAIL_IN") == where {
		Fail(where + " is down")
	}
}

var _ = BeforeSuite(func() { fails("before") })
var _ = AfterSuite(func() { fails("after") })

var _ = Describe("Storing", func() {
	It("passes", func() {})
	It("fails", func() {
		fmt.Println("noise before it")
		Fail("the\narithmetic")
	})
	It("panics", func() { panic("boom") })
	PIt("is pending", func() {})
	Context("when  full", func() {
		It("has a twin", func() {})
		It("has a twin", func() { fmt.Print("no end of line") })
		It("has\ntwo lines", func() {})
		It("listens on localhost:80", func() {})
	})
	Measure("speed", func(b Benchmarker) { b.Time("x", func() {}) }, 2)
	It("exits", func() { os.Exit(0) })
})

var _ = Describe("Remote Storing", func() { It("passes", func() { Fail("remote") }) })

var _ = It("top level", func() {})

var _ = Describe("Broken", func() {
	BeforeEach(func() { Fail("set-up") })
	It("never", func() {})
})
