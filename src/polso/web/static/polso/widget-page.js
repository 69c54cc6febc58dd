/* The button that shows the widget on its own page. */
document.querySelector("[data-polso-show]").addEventListener("click", () => window.polso && window.polso("show"));
