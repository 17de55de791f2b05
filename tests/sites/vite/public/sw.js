// The service worker: found under the same name by every release.
self.addEventListener('fetch', () => {});
