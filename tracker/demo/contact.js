// What a company adds to its own form: who asks, and that it is an inquiry.
document.getElementById("inquiry").addEventListener("submit", (event) => {
  const form = new FormData(event.target);
  window.tracker("inquiry", {});
  window.tracker.identify({ email: form.get("email"), name: form.get("name") });
});
