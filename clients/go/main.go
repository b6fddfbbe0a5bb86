// Downloads a repository with the generated client. Usage: go run . http://127.0.0.1:8080 REPO
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"hfdownloader-client/hfdownloader"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run . ADDRESS REPO")
	}
	if err := download(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the repository is in the cache")
}

// download starts a job and waits for its end.
func download(ctx context.Context, address, repo string) error {
	client, err := hfdownloader.NewClientWithResponses(address)
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
	for attempt := 0; attempt < 600; attempt++ {
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
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("job %s has not ended in time", started.JSON202.Id)
}
