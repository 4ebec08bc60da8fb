// One GraphQL operation, sent by the library that hut sends its own with: read from standard input as JSON, the answer
// printed as JSON. Built by test_real_clients.py.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"git.sr.ht/~emersion/gqlclient"
)

type asked struct {
	URL, Token, Query string
	Variables         map[string]interface{}
	Files             []struct{ Name, Contents string }
}

type withToken string

func (token withToken) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(request)
}

func main() {
	var a asked
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		panic(err)
	}
	operation := gqlclient.NewOperation(a.Query)
	for name, value := range a.Variables {
		operation.Var(name, value)
	}
	if a.Files != nil {
		var uploads []gqlclient.Upload
		for _, file := range a.Files {
			uploads = append(uploads, gqlclient.Upload{
				Filename: file.Name, MIMEType: "text/plain", Body: strings.NewReader(file.Contents),
			})
		}
		operation.Var("files", uploads)
	}
	var data map[string]interface{}
	client := gqlclient.New(a.URL+"/query", &http.Client{Transport: withToken(a.Token)})
	if err := client.Execute(context.Background(), operation, &data); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(data)
}
