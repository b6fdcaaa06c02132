// A Go suite whose TestMain does what the variable MAIN says: what real ones do around, before and instead of m.Run.
package gomain

import (
	"flag"
	"fmt"
	"log"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	switch os.Getenv("MAIN") {
	case "glued":
		fmt.Print("waiting for the server ...")
		code := m.Run()
		fmt.Print("stopped")
		os.Exit(code)
	case "names":
		fmt.Println("TestReport")
		fmt.Println("in TestMain")
		fmt.Print("\x1b[33mTest")
		code := m.Run()
		fmt.Println(`{"Action":"pass","Test":"TestFirst"}`)
		fmt.Println("ok")
		os.Exit(code)
	case "stderr":
		log.Print("TestSecond")
		fmt.Fprint(os.Stderr, "TestFirst")
		os.Exit(m.Run())
	case "carriage":
		fmt.Print("0%\r50%\r100%\r")
		os.Exit(m.Run())
	case "twice":
		m.Run()
		os.Exit(m.Run())
	case "leaks": // as a check for leaked goroutines does
		m.Run()
		os.Exit(1)
	case "ignores flags":
		os.Args = os.Args[:1]
		flag.Parse()
		os.Exit(m.Run())
	case "skips":
		fmt.Println("no server here, nothing to test")
		os.Exit(0)
	case "fails":
		fmt.Println("no server here")
		os.Exit(3)
	case "swallows":
		stdout := os.Stdout
		os.Stdout, _ = os.Open(os.DevNull)
		if list := flag.Lookup("test.list"); list != nil && len(os.Args) > 1 && os.Args[1] == "-test.list" {
			fmt.Fprintln(stdout, "TestSecond")
			os.Exit(0)
		}
		os.Stdout = stdout
		os.Exit(m.Run())
	case "ignores the code":
		m.Run()
		os.Exit(0)
	default:
		os.Exit(m.Run())
	}
}

func TestFirst(t *testing.T) { t.Fatal("broken") }

func TestSecond(t *testing.T) {}

func TestTwin(t *testing.T) {}

func TestForgesItsSuccessAndExits(t *testing.T) {
	t.Error("broken")
	fmt.Println("--- PASS: TestForgesItsSuccessAndExits (0.00s)")
	fmt.Println("PASS")
	os.Exit(0)
}

func TestExitsInASubtest(t *testing.T) {
	t.Run("sub", func(t *testing.T) {
		fmt.Println("--- PASS: TestExitsInASubtest (0.00s)")
		os.Exit(0)
	})
}

func Example_silent() { fmt.Println("not compared, so no test") }
