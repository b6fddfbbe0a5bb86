// Downloads a repository with the generated client. Usage: go run . http://127.0.0.1:8080 REPO [API_TOKEN]
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"hfdownloader-client/hfdownloader"
)

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		log.Fatal("usage: go run . ADDRESS REPO [API_TOKEN]")
	}
	var token string
	if len(os.Args) == 4 {
		token = os.Args[3]
	}
	if err := download(context.Background(), os.Args[1], os.Args[2], token); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the repository is in the cache")
}

// patience is how long a job may come no closer to its end.
const patience = 2 * time.Minute

// download starts a job and waits for its end, as long as it moves. A service without authentication does not look at the token.
func download(ctx context.Context, address, repo, token string) error {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	client, err := hfdownloader.NewClientWithResponses(address, hfdownloader.WithRequestEditorFn(authorize))
	if err != nil {
		return err
	}
	started, err := client.StartDownloadWithResponse(ctx, hfdownloader.DownloadRequest{Repo: repo})
	if err != nil {
		return err
	}
	if started.JSON202 == nil {
		return fmt.Errorf("no new job: %s", started.Body)
	}
	bytesSeen, since := int64(-1), time.Now()
	for time.Since(since) < patience {
		answer, err := client.GetJobWithResponse(ctx, started.JSON202.Id)
		if err != nil {
			return err
		}
		if answer.JSON200 == nil {
			return fmt.Errorf("no job: %s", answer.Body)
		}
		switch job := answer.JSON200; job.Status {
		case hfdownloader.JobStatusCompleted:
			return nil
		case hfdownloader.JobStatusFailed, hfdownloader.JobStatusCancelled:
			return fmt.Errorf("job %s is %s: %s", job.Id, job.Status, job.Error)
		default:
			if job.Progress.DownloadedBytes != bytesSeen {
				bytesSeen, since = job.Progress.DownloadedBytes, time.Now()
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("job %s does not move", started.JSON202.Id)
}
