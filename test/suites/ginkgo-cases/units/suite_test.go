// What Ginkgo's decorators say of how specs run. One behaviour a spec.
package units

import (
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestUnits(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Units (of + specs)")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// True once a process of an earlier attempt was here.
func again(name string) bool {
	path := "/tmp/" + name
	if exists(path) {
		return true
	}
	os.WriteFile(path, nil, 0o600)
	return false
}

var _ = Describe("chain", Ordered, func() {
	n := 0
	BeforeAll(func() { n = 100 })
	BeforeEach(func() { n++ })
	AfterEach(func() { n++ })
	It("first", Label("quick"), func() { Expect(n).To(Equal(101)) })
	PIt("later", func() {})
	It("second", func() { Expect(n).To(Equal(103)) })
	Context("inside", func() {
		It("third", func() { Expect(n).To(Equal(105)) })
	})
	DescribeTable("entries", func(want int) { Expect(n).To(Equal(want)) },
		Entry("one", 107),
		Entry("two", 109),
	)
	It("skips itself", func() { Skip("not today") })
})

var _ = Describe("pair of", func() {
	Describe("left", Ordered, func() {
		open := false
		It("opens", func() { open = true })
		It("closes", func() { Expect(open).To(BeTrue()) })
	})
	Describe("right", Ordered, func() {
		open := false
		It("opens", func() { open = true })
		It("closes", func() { Expect(open).To(BeTrue()) })
	})
})

var _ = Describe("broken", Ordered, func() {
	It("begins", func() {})
	It("breaks", func() { Fail("the middle is gone") })
	It("comes after", func() {})
})

var _ = Describe("going on", Ordered, ContinueOnFailure, func() {
	It("breaks", func() { Fail("but it goes on") })
	It("comes after", func() {})
})

var _ = Describe("unprepared", Ordered, func() {
	BeforeAll(func() { Fail("no table") })
	It("one", func() {})
	It("two", func() {})
})

var _ = Describe("dying", Ordered, func() {
	It("begins", func() {})
	It("dies", func() { os.Exit(9) })
	It("comes after", func() {})
})

var _ = Describe("twice", Ordered, func() {
	passed := false
	It("begins", func() { passed = true })
	It("needs the second attempt", func() {
		Expect(passed).To(BeTrue())
		Expect(again("twice")).To(BeTrue())
	})
})

var _ = Describe("flaky", func() {
	tries := 0
	It("comes good", FlakeAttempts(3), func() {
		tries++
		Expect(tries).To(Equal(3))
	})
	It("never does", FlakeAttempts(2), func() { Fail("no") })
})

var _ = Describe("alone", Serial, func() {
	for i := 0; i < 3; i++ {
		It(fmt.Sprint("is by itself ", i), func() { time.Sleep(20 * time.Millisecond) })
	}
})

var _ = Describe("printing", func() {
	It("a failure it has not", func() {
		fmt.Println("• [FAILED] [0.001 seconds]")
		fmt.Println("------------------------------")
	})
	It("a success it has not", func() {
		fmt.Println("• [0.001 seconds]")
		fmt.Println("------------------------------")
		Fail("truly")
	})
	It("a failure inside a failure", func() {
		Fail("said:\n• [0.001 seconds]\n------------------------------\nend")
	})
	It("in colours: Größe, 日本 and (.*)+?[a]{2}|^$\\", func() {
		fmt.Print("\x1b[31mred\x1b[0m")
		fmt.Fprint(GinkgoWriter, "no end of line")
	})
	It("on\ttwo\nlines  with  gaps ", func() {})
	It("the same", func() {})
	It("the same", func() { Fail("only the second") })
})
