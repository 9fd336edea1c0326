// Package inbound translates HTTP to calls of the ports.
package inbound

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"gatherings/internal/domain"
)

// Routes serves POST /login and /users/ID, /users/ID/profile, /users/ID/interests.
func Routes(ports domain.Ports) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		email, password, ok := r.BasicAuth()
		if !ok {
			http.Error(w, "name and password are missing", http.StatusUnauthorized)
			return
		}
		id, err := ports.Login.Authenticate(r.Context(), email, password)
		reply(w, map[string]domain.UserID{"id": id}, err)
	})
	routes.HandleFunc("/users/", func(w http.ResponseWriter, r *http.Request) {
		path, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/users/"), "/")
		id := domain.UserID(path)
		switch r.Method + " " + what {
		case "GET ":
			user, err := ports.Users.Find(r.Context(), id)
			reply(w, user, err)
		case "GET profile":
			profile, err := ports.Profile.ProfileOf(r.Context(), id)
			reply(w, profile, err)
		case "PUT interests":
			var wanted domain.Interests
			if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			written, err := ports.Interests.Replace(r.Context(), id, wanted)
			reply(w, written, err)
		default:
			http.NotFound(w, r)
		}
	})
	return routes
}

func reply(w http.ResponseWriter, answer any, err error) {
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	case errors.Is(err, domain.ErrNotFound):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.Is(err, domain.ErrStale):
		http.Error(w, err.Error(), http.StatusPreconditionFailed)
	default:
		http.Error(w, "user state cannot be reached", http.StatusServiceUnavailable)
	}
}
