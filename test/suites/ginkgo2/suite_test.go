// A Ginkgo suite of what specs do, good and bad. One behaviour a spec.
package ginkgosuite

import (
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestGinkgo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Blob store (v1.0)")
}

var _ = BeforeSuite(func() {
	if os.Getenv("FAIL_IN") == "before" {
		Fail("no bucket")
	}
})

var _ = AfterSuite(func() {
	if os.Getenv("FAIL_IN") == "after" {
		Fail("bucket not empty")
	}
})

var _ = Describe("Storing", func() {
	It("passes", func() {
		Expect(1 + 1).To(Equal(2))
	})

	It("fails", func() {
		fmt.Println("printed before the failure")
		Expect(1).To(Equal(2), "the arithmetic")
	})

	Context("when [special] (characters) are. in + the * name?", func() {
		It("passes \\ all | the ^ same $", func() {})
	})

	It("has a twin", func() {})
	It("has a twin", func() {})

	It("has a twin with more to say", func() {})

	PIt("is pending", func() {})

	It("skips", func() { Skip("not here") })

	It("panics", func() {
		var m map[string]int
		m["a"] = 1
	})

	It("prints without newline", func() {
		fmt.Print("no newline at the end")
	})

	It("writes to the Ginkgo writer", func() {
		fmt.Fprintln(GinkgoWriter, "from the writer")
	})
})

var _ = Describe("Ending", func() {
	It("exits with 3", func() { os.Exit(3) })

	It("exits with 0", func() { os.Exit(0) })

	It("panics in a goroutine", func() {
		go func() { panic("from a goroutine") }()
		time.Sleep(10 * time.Second)
	})

	It("hangs", func() { time.Sleep(time.Hour) })
})

var _ = Describe("Setting up", func() {
	BeforeEach(func() { Fail("set-up failed") })

	It("never gets here", func() {})
})

var _ = DescribeTable("Adding",
	func(a, b, sum int) { Expect(a + b).To(Equal(sum)) },
	Entry("small", 1, 1, 2),
	Entry("wrong", 1, 1, 3),
)

var _ = Describe("Last", func() {
	It("still runs", func() {})
})
