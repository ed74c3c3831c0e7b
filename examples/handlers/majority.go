// The most frequent class, behind the pull door: Go's standard library, and nothing of Jackfield.
// JACKFIELD_URL=http://127.0.0.1:7733 JACKFIELD_PROJECT=weather go run majority.go
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"
)

const handler, instance = "majority-go", "majority-go-1"

type object = map[string]any

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func call(method, path, kind string, body []byte) []byte {
	request := must(http.NewRequest(method, os.Getenv("JACKFIELD_URL")+path, bytes.NewReader(body)))
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("JACKFIELD_TOKEN"))
	response := must(http.DefaultClient.Do(request))
	defer response.Body.Close()
	text := must(io.ReadAll(response.Body))
	if response.StatusCode >= 300 {
		panic(fmt.Errorf("%s %s: %s %s", method, path, response.Status, text))
	}
	return text
}

func post(path string, body object) { call("POST", path, "application/json", must(json.Marshal(body))) }

// every says something again and again; what fails is said the next time.
func every(pause time.Duration, over chan bool, say func()) {
	for {
		select {
		case <-over:
			return
		case <-time.After(pause):
			func() { defer func() { _ = recover() }(); say() }()
		}
	}
}

type pulled struct {
	Task, Token string
	Event       struct{ Data struct{ Inputs struct {
		Target  string
		Dataset struct{ Train, Test struct{ Digest string } }
	} } }
}

func (p pulled) rows(digest string) [][]string {
	text := call("GET", "/v1/artifacts/"+digest+"?format=csv&token="+p.Token, "", nil)
	return must(csv.NewReader(bytes.NewReader(text)).ReadAll())
}

func (p pulled) store(kind string, content []byte) object {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(content))
	call("PUT", "/v1/artifacts/"+digest+"?token="+p.Token, kind, content)
	return object{"mediaType": kind, "digest": digest, "size": len(content)}
}

func (p pulled) train() object {
	inputs := p.Event.Data.Inputs
	rows, counts, most := p.rows(inputs.Dataset.Train.Digest), map[string]int{}, ""
	column := slices.Index(rows[0], inputs.Target)
	for _, row := range rows[1:] {
		counts[row[column]]++
	}
	for class, count := range counts {
		if count > counts[most] || (count == counts[most] && class < most) {
			most = class
		}
	}
	text := bytes.NewBufferString("__row_id,prediction\n")
	for _, row := range p.rows(inputs.Dataset.Test.Digest)[1:] {
		fmt.Fprintf(text, "%s,%s\n", row[0], most)
	}
	return object{"model": p.store("text/plain", []byte(most)), "predictions": p.store("text/csv", text.Bytes())}
}

func (p pulled) work() {
	path, answer, over := "/v1/tasks/"+url.PathEscape(p.Task), object{"token": p.Token}, make(chan bool)
	go every(4*time.Second, over, func() { post(path+"/heartbeat", object{"token": p.Token}) })
	defer func() {
		if failure := recover(); failure != nil {
			answer["status"], answer["message"] = "errored", fmt.Sprint(failure)
		}
		close(over)
		post(path+"/finished", answer)
	}()
	answer["outputs"], answer["status"] = p.train(), "succeeded"
}

func take() {
	defer func() {
		if failure := recover(); failure != nil {
			log.Print(failure)
			time.Sleep(time.Second)
		}
	}()
	var task pulled
	text := call("GET", "/v1/handlers/"+handler+"/next?instance="+instance+"&wait=20s", "", nil)
	if json.Unmarshal(text, &task) == nil {
		task.work()
	}
}

func main() {
	register := func() {
		speaks := object{"train": object{"from": "1.0.0", "to": "1.0.0"}}
		post("/v1/handlers/"+handler, object{"version": "1", "project": os.Getenv("JACKFIELD_PROJECT"),
			"instance": instance, "concurrency": 1, "contracts": speaks})
	}
	go every(2*time.Second, nil, register)
	for register(); ; {
		take()
	}
}
