// SPDX-License-Identifier: GPL-2.0
"use strict";

const search = document.getElementById("search");
const kind = document.getElementById("kind");
const articles = [...document.querySelectorAll("article")];
const rows = new Map(articles.map(one => [one.id, []]));

for (const row of document.querySelectorAll("tr[data-for]"))
	rows.get(row.dataset.for).push(row);

// The words that a search looks at: names, files, locks and reasons, but not the code.
const words = new Map(articles.map(one => [one,
	[...one.querySelectorAll("h3, h4, dl, .why")]
		.map(part => part.textContent).join(" ").toLowerCase()]));

function show()
{
	const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
	let count = 0;

	for (const one of articles) {
		const fits = (!kind.value || one.classList.contains(kind.value)) &&
			wanted.every(word => words.get(one).includes(word));

		one.hidden = !fits;
		for (const row of rows.get(one.id))
			row.hidden = !fits;
		count += fits;
	}
	const all = count === articles.length;
	for (const head of document.querySelectorAll("section.file"))
		head.hidden = !all;
	for (const body of document.querySelectorAll("#table tbody"))
		body.hidden = !body.querySelector("tr[data-for]:not([hidden])");
	document.getElementById("count").textContent =
		all ? "" : `${count} of ${articles.length} functions`;
}

function all()
{
	search.value = "";
	kind.value = "";
	show();
}

// Go to the next article that is shown, or the previous one with -1.
function step(way)
{
	const shown = articles.filter(one => !one.hidden);
	const line = 20;
	let at = shown.indexOf(document.activeElement.closest("article"));

	if (at < 0) {
		at = shown.findIndex(one => one.getBoundingClientRect().top > line);
		at = (at < 0 ? shown.length : at) - (way > 0 ? 1 : 0);
	}
	const next = shown[at + way];
	if (next) {
		next.focus({ preventScroll: true });
		next.scrollIntoView();
	}
}

// Open all that is folded in the article at hand, or fold it again.
function unfold()
{
	const article = document.activeElement.closest("article");
	const folded = article ? [...article.querySelectorAll("details")] : [];
	const open = !folded.every(one => one.open);

	for (const one of folded)
		one.open = open;
}

// A link leads to a function though a search has hidden it. A page can be opened
// with a search in its address: index.html#search=rmid
function go()
{
	const hash = decodeURIComponent(location.hash.slice(1));

	if (hash.startsWith("search=")) {
		search.value = hash.slice("search=".length);
		show();
		return;
	}
	const target = document.getElementById(hash);
	if (target && target.closest("[hidden]")) {
		all();
		target.scrollIntoView();
	}
}

document.addEventListener("keydown", event => {
	if (event.key === "Escape") {
		all();
		search.blur();
		return;
	}
	if (event.ctrlKey || event.altKey || event.metaKey ||
	    event.target.matches("input, select"))
		return;
	if (event.key === "j" || event.key === "k")
		step(event.key === "j" ? 1 : -1);
	else if (event.key === "o")
		unfold();
	else if (event.key === "/")
		search.focus();
	else if (event.key === "g")
		document.getElementById("table").scrollIntoView();
	else
		return;
	event.preventDefault();
});

document.getElementById("theme").addEventListener("click", () => {
	const root = document.documentElement;
	const dark = root.dataset.theme ? root.dataset.theme === "dark" :
		matchMedia("(prefers-color-scheme: dark)").matches;

	root.dataset.theme = dark ? "light" : "dark";
});
document.getElementById("search-form").addEventListener("submit",
	event => event.preventDefault());
search.addEventListener("input", show);
kind.addEventListener("change", show);
window.addEventListener("hashchange", go);
show();
go();
