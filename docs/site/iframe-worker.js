// Browsers start no Worker for a page that was opened from a disk. There the search runs in a hidden frame in its place,
// which can do what it needs: take messages and answer them. The name of this file tells Zensical that it is here.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      // As a Worker answers: a copy, and later, since the page may send the next message while it takes this one.
      this.frame.answer = (said) => {
        const data = structuredClone(said);
        setTimeout(() => this.onmessage?.(new MessageEvent("message", { data })));
      };
      this.frame.onload = () => {
        const waiting = this.waiting;
        this.waiting = null;
        waiting.forEach((data) => this.postMessage(data));
      };
      const script = document.createElement("script");
      script.src = new URL(address, location);
      this.frame.srcdoc = `<script>self.postMessage = (data) => frameElement.answer(data)</script>${script.outerHTML}`;
      document.body.append(this.frame);
    }

    postMessage(said) {
      const data = structuredClone(said);
      if (this.waiting) this.waiting.push(data);
      else this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
