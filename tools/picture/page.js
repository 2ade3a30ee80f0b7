// SPDX-License-Identifier: GPL-2.0
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);

// Sizes of a drawing.
const WIDTH = 935, HEAD = 20, LINE = 16, GAP = 14, ROW_GAP = 26;
const COLUMN = { registry: 8, segment: 200, file: 450, inode: 450, process: 690 };
const BREADTH = { registry: 160, segment: 205, file: 175, inode: 175, process: 237 };
const CELL = 32, SMALL_CELL = 9, CELLS_WIDTH = 415, LARGE = 150, CELLS_MOST = 3000;
// Tints that stay apart for colour-blind eyes; the letters say the same.
const TINTS = ["#a6d8f5", "#f5cf94", "#9fe0cd", "#f7eda0", "#b9c8f2", "#f3b79a",
	"#e9bcd5"];
const PLAY_MS = 1200;

let row = 0, timer = null;

// A step of one side

function stateOf(side, number)
{
	const state = side.steps[number].state, whole = {};

	for (const kind of Object.keys(state))
		whole[kind] = state[kind].map(index => side.objects[index]);
	return whole;
}

const hex = (number, digits) => number.toString(16).padStart(digits || 1, "0");
const keyOf = key => `0x${hex(key, 8)}`;
const who = process => `${process.comm} ${process.pid || "(being forked)"}`;

function pagesOf(vma)
{
	const last = vma.first + vma.pages - 1;

	return vma.pages === 1 ? `page ${vma.first}` : `pages ${vma.first}–${last}`;
}

// The boxes, arrows and cells of a state

const line = (text, details) => ({ text, ...details });

function box(kind, key, y, title, lines, more)
{
	return { kind, key, x: COLUMN[kind], y, w: BREADTH[kind], title, lines,
		h: HEAD + LINE * lines.length + 6, ...more };
}

const right = box => box.x + box.w;
const bottom = box => box.y + box.h;
const middle = (box, index) => index === undefined ? box.y + HEAD / 2 :
	box.y + HEAD + LINE * index + LINE / 2;

function arrow(key, from, to, why, more)
{
	return { key, from, to, why, ...more };
}

function registryBox(registry, y)
{
	const lines = [line(`number ${registry.ns}`, { faint: true }),
		line(registry.address, { faint: true })];

	for (const [name, table, shown] of [["ids", registry.ids, String],
		["keys", registry.keys, keyOf], ["names", registry.names, String]]) {
		if (name === "names" && !table.length)
			continue;
		lines.push(line(table.length ? name : `${name}: none`));
		for (const [entry, segment] of table)
			lines.push(line(`\u00a0\u00a0${shown(entry)}`,
				{ leads: segment, table: name }));
	}
	return box("registry", `registry-${registry.address}`, y, "IPC namespace", lines);
}

function segmentBox(segment, y)
{
	const flags = [...segment.lifetime, ...["marked", "ended", "locked"]
		.filter(flag => segment[flag])];
	const owner = segment.uid < 0 ? "" : ` of ${segment.uid}:${segment.gid}`;
	const lines = [
		line(segment.address, { faint: true }),
		line(segment.key ? `key ${keyOf(segment.key)}` : "no key"),
		line(`mode ${hex(segment.mode >> 6)}${hex(segment.mode >> 3 & 7)}` +
			`${hex(segment.mode & 7)}${owner}`),
		line(`${segment.size} bytes, ${segment.pages} pages`),
		line(`nattch ${segment.nattch}`, { strong: true }),
		line(`created by ${segment.cpid}, last ${segment.lpid || "nobody"}`)];

	if (segment.name)
		lines.splice(2, 0, line(`name ${segment.name}`));
	if (segment.descriptors)
		lines.push(line(`descriptors made: ${segment.descriptors}`));
	if (flags.length)
		lines.push(line(flags.join(", "), { strong: true }));
	return box("segment", `segment-${segment.address}`, y, `segment ${segment.id}`,
		lines, { ended: segment.ended, data: { id: segment.id, key: segment.key,
			nattch: segment.nattch, marked: segment.marked,
			size: segment.size, mode: segment.mode } });
}

// It stands below its segment.
function backingBox(side, segment, y)
{
	const users = side.name === "kshm" ? 0 : segment.files.length;

	return box("file", `backing-${segment.address}`, y, "backing file",
		[line(segment.file, { faint: true }),
		 line(`count ${1 + users}`)],
		{ x: COLUMN.segment, w: BREADTH.segment });
}

function attachBox(segment, file, y)
{
	const count = file.vmas + (file.idle ? 1 : 0);
	const kept = file.idle ? file.vmas ? ", kept" : ", idle" : "";

	return box("file", `file-${segment.address}-${file.address}`, y,
		`attach file, ${file.access === "rw" ? "to write" : "to read"}`,
		[line(file.address, { faint: true }),
		 line(`count ${count}: ${file.vmas} VMA${file.vmas === 1 ? "" : "s"}${kept}`)]);
}

function inodeBox(segment, y)
{
	return box("inode", `inode-${segment.address}`, y, "inode",
		[line(segment.inode, { faint: true }), line(`number ${segment.id}`),
		 line(`${segment.resident.length} of ${segment.pages} in memory`)]);
}

function processBox(process, y)
{
	const lines = [line(`mm ${process.mm}`, { faint: true })];

	for (const vma of process.vmas)
		lines.push(line(`${hex(vma.start)} ${vma.perms} ${pagesOf(vma)}`, {
			vma, title: `${hex(vma.start)}-${hex(vma.end)}, ` +
				`${vma.mapped.length} pages mapped`,
			data: { start: hex(vma.start), end: hex(vma.end),
				perms: vma.perms, first: vma.first, pid: process.pid } }));
	return box("process", `process-${process.mm}`, y,
		`${process.letter} = ${who(process)}`, lines,
		{ tint: tint(process.letter) });
}

function tint(letter)
{
	const number = letter.charCodeAt(0) - 65;

	return TINTS[(number + TINTS.length) % TINTS.length] || TINTS[0];
}

// Who maps which page: page -> letters.
function mappers(segment, processes)
{
	const found = new Map();

	for (const process of processes)
		for (const vma of process.vmas)
			if (vma.segment === segment.address)
				for (const page of vma.mapped)
					found.set(page, (found.get(page) || new Set())
						.add(process.letter));
	return found;
}

function cells(segment, processes, x, y)
{
	const size = segment.pages > LARGE ? SMALL_CELL : CELL;
	const columns = Math.floor(CELLS_WIDTH / size);
	const resident = new Set(segment.resident);
	const maps = mappers(segment, processes);
	const count = Math.min(segment.pages, CELLS_MOST);
	const found = [];

	for (let page = 0; page < count; page++) {
		const letters = [...maps.get(page) || []].sort();
		const state = letters.length ? "mapped" :
			resident.has(page) ? "memory" : "absent";

		found.push({ key: `${segment.address}-${page}`, page, state, letters,
			id: segment.id, size: size - 2,
			x: x + page % columns * size,
			y: y + Math.floor(page / columns) * size,
			text: size < CELL ? "" : letters.length > 2 ?
				String(letters.length) : letters.join(""),
			tint: letters.length ? tint(letters[0]) : null,
			title: `page ${page}: ` + (letters.length ?
				`mapped by ${letters.join(", ")}` : state === "memory" ?
				"in memory, mapped by no process" : "not in memory") });
	}
	return { found, height: Math.ceil(count / columns) * size,
		more: segment.pages - count };
}

// From top to bottom: the segment beside its attach files, the backing file beside the
// inode, and the page cache.
function segmentParts(side, state, segment, y, drawing)
{
	const own = segmentBox(segment, y);
	const attaches = attachBoxes(segment, y);
	const row = Math.max(bottom(own), ...attaches.map(bottom)) + ROW_GAP;
	const backing = backingBox(side, segment, row), inode = inodeBox(segment, row);
	const low = Math.max(bottom(backing), bottom(inode)) + ROW_GAP;
	const grid = cells(segment, state.processes, own.x + 6, low + HEAD + 6);
	const cache = { kind: "cache", key: `cache-${segment.address}`, x: own.x, y: low,
		w: right(inode) - own.x, h: grid.height + HEAD + 10, lines: [],
		title: "page cache of the inode" +
			(grid.more ? `, and ${grid.more} pages more` : "") };

	drawing.boxes.push(own, ...attaches, backing, inode, cache);
	drawing.cells.push(...grid.found);
	segmentArrows(segment, own, backing, inode, cache, drawing);
	segment.files.forEach((file, index) => attachArrows(side, segment, file, own,
		backing, attaches[index], inode, drawing));
	return bottom(cache) + 2 * GAP;
}

function attachBoxes(segment, y)
{
	const boxes = [];

	for (const file of segment.files) {
		boxes.push(attachBox(segment, file, y));
		y = bottom(boxes.at(-1)) + GAP;
	}
	return boxes;
}

function segmentArrows(segment, own, backing, inode, cache, drawing)
{
	const name = segment.address, below = inode.x + inode.w / 2;

	drawing.arrows.push(
		arrow(`backing-${name}`, [own.x + 40, bottom(own)],
			[own.x + 40, backing.y], "the segment's backing file",
			{ shape: "down" }),
		arrow(`inode-${name}`, [right(backing), middle(backing)],
			[inode.x, middle(inode)], "the inode of the backing file"),
		arrow(`cache-${name}`, [below, bottom(inode)], [below, cache.y],
			"i_mapping: the pages of the inode", { shape: "down" }));
}

// In-tree, an attach file leads to the backing file, and to the segment by its id.
function attachArrows(side, segment, file, own, backing, attach, inode, drawing)
{
	const name = `${segment.address}-${file.address}`;
	const kshm = side.name === "kshm";

	drawing.arrows.push(
		arrow(`private-${name}`, [attach.x, middle(attach)],
			[right(own), middle(own, 2)],
			kshm ? "private_data: the segment" : "the segment, looked up by its id",
			{ weak: !kshm }),
		arrow(`same-${name}`, [right(attach), middle(attach, 0)],
			[right(inode), middle(inode, 1)], "the same inode",
			{ shape: "around", aside: true }));
	if (!kshm)
		drawing.arrows.push(arrow(`under-${name}`, [attach.x, middle(attach, 1)],
			[right(backing), middle(backing, 0)],
			"the backing file, counted"));
	if (file.idle)
		drawing.arrows.push(arrow(`idle-${name}`, [right(own), middle(own, 4)],
			[attach.x, middle(attach, 1)], "pool[]: kept for the next attach"));
}

function layout(side, number)
{
	const state = stateOf(side, number);
	const drawing = { boxes: [], arrows: [], cells: [] };
	let y = 10, right_y = 10;

	for (const registry of state.registries) {
		const table = registryBox(registry, y);

		drawing.boxes.push(table);
		for (const segment of state.segments)
			if (segment.registry === registry.address)
				y = segmentParts(side, state, segment, y, drawing);
		y = Math.max(y, bottom(table) + GAP);
		tableArrows(table, drawing);
	}
	for (const process of state.processes) {
		const one = processBox(process, right_y);

		drawing.boxes.push(one);
		right_y = bottom(one) + GAP;
		vmaArrows(one, process, drawing);
	}
	return { ...drawing, state, height: Math.max(y, right_y, 120) };
}

const boxOf = (drawing, key) => drawing.boxes.find(one => one.key === key);

// All entries of a segment hold one reference; the arrow of the id shows it.
function tableArrows(table, drawing)
{
	table.lines.forEach((one, index) => {
		const segment = one.leads && boxOf(drawing, `segment-${one.leads}`);

		if (segment)
			drawing.arrows.push(arrow(`${one.table}-${one.leads}`,
				[right(table), middle(table, index)],
				[segment.x, middle(segment)],
				`the table of ${one.table}`,
				{ weak: one.table !== "ids" }));
	});
}

function vmaArrows(own, process, drawing)
{
	own.lines.forEach((one, index) => {
		const file = one.vma &&
			boxOf(drawing, `file-${one.vma.segment}-${one.vma.file}`);

		if (file)
			drawing.arrows.push(arrow(`vma-${process.mm}-${hex(one.vma.start)}`,
				[own.x, middle(own, index)], [right(file), middle(file, 1)],
				"vm_file: the attach file"));
	});
}

// What differs from the step before: boxes, arrows and cells have keys.
function changes(now, before)
{
	const said = one => JSON.stringify([one.title, one.lines && one.lines
		.map(each => each.text), one.state, one.letters, one.ended]);

	for (const kind of ["boxes", "arrows", "cells"]) {
		const old = new Map(before[kind].map(one => [one.key, said(one)]));

		for (const one of now[kind])
			one.changed = old.get(one.key) !== said(one);
	}
}

// Drawing

function draw(svg, drawing)
{
	svg.attr("viewBox", `0 0 ${WIDTH} ${drawing.height}`)
		.attr("width", WIDTH).attr("height", drawing.height);
	drawArrows(svg.select("g.arrows"), drawing.arrows);
	drawBoxes(svg.select("g.boxes"), drawing.boxes);
	drawCells(svg.select("g.cells"), drawing.cells);
}

const SHAPES = {
	across: d3.linkHorizontal(),
	down: d3.linkVertical(),
	// Between the right edges of two boxes, the upper one first.
	around: ({ source, target }) => {
		const path = d3.path(), out = source[0] + 30;

		path.moveTo(...source);
		path.bezierCurveTo(out, source[1], out, target[1], ...target);
		return path.toString();
	},
};

function drawArrows(group, arrows)
{
	const drawn = group.selectAll("path").data(arrows, one => one.key)
		.join(enter => enter.append("path").call(path => path.append("title")));

	drawn.attr("class", one => `arrow${one.weak ? " weak" : ""}` +
			(one.aside ? " aside" : "") + (one.changed ? " new" : ""))
		.attr("marker-end", one => `url(#${group.attr("data-side")}-head)`)
		.attr("data-key", one => one.key)
		.attr("d", one => SHAPES[one.shape || "across"](
			{ source: one.from, target: one.to }));
	drawn.select("title").text(one => one.why);
}

function drawBoxes(group, boxes)
{
	const drawn = group.selectAll("g.box").data(boxes, one => one.key)
		.join(enter => {
			const one = enter.append("g");

			one.append("rect").attr("class", "frame");
			one.append("rect").attr("class", "head");
			one.append("text").attr("class", "title").attr("x", 6).attr("y", 15);
			one.append("circle").attr("class", "dot").attr("cy", 10).attr("r", 4);
			one.append("g").attr("class", "lines");
			return one;
		});

	drawn.attr("class", one => `box ${one.kind}${one.changed ? " changed" : ""}` +
			(one.ended ? " ended" : ""))
		.attr("transform", one => `translate(${one.x},${one.y})`)
		.each(function (one) { setData(this, one.data); });
	drawn.select("rect.frame").attr("width", one => one.w).attr("height", one => one.h);
	drawn.select("rect.head").attr("width", one => one.w).attr("height", HEAD)
		.style("fill", one => one.tint || null);
	drawn.select("text.title").text(one => one.title);
	drawn.select("circle").attr("cx", one => one.w - 10)
		.attr("visibility", one => one.changed ? null : "hidden");
	drawn.select("g.lines").selectAll("text").data(one => one.lines)
		.join(enter => enter.append("text"))
		.attr("x", 6).attr("y", (one, index) => HEAD + LINE * index + 13)
		.attr("class", one => one.faint ? "faint" : one.strong ? "title" : null)
		.each(function (one) {
			setData(this, one.data);
			d3.select(this).text(one.text);
			if (one.title)
				d3.select(this).append("title").text(one.title);
		});
}

function setData(element, found)
{
	for (const name of Object.keys(element.dataset))
		delete element.dataset[name];
	Object.assign(element.dataset, found);
}

function drawCells(group, all)
{
	const drawn = group.selectAll("g.cell").data(all, one => one.key)
		.join(enter => {
			const one = enter.append("g");

			one.append("rect");
			one.append("text").attr("class", "page").attr("x", 3).attr("y", 9);
			one.append("text").attr("class", "letters");
			one.append("title");
			return one;
		});

	drawn.attr("class", one => `cell ${one.state}${one.changed ? " changed" : ""}`)
		.attr("transform", one => `translate(${one.x},${one.y})`)
		.each(function (one) {
			setData(this, { segment: one.id, page: one.page, state: one.state,
				letters: one.letters.join("") });
		});
	drawn.select("rect").attr("width", one => one.size).attr("height", one => one.size)
		.style("fill", one => one.tint);
	drawn.select("text.page").text(one => one.size < CELL - 2 ? "" : one.page);
	drawn.select("text.letters").attr("x", one => one.size / 2)
		.attr("y", one => one.size / 2 + 8).text(one => one.text);
	drawn.select("title").text(one => one.title);
}

// The page around the drawings

const views = data.sides.map((side, index) => {
	const figure = d3.select("#sides").append("figure").attr("id", side.name);
	const caption = figure.append("figcaption");

	caption.append("h2").text(side.label);
	caption.append("button").attr("type", "button").attr("class", "save")
		.text("save SVG").on("click", () => save(index));
	figure.append("p").attr("class", "event");
	const svg = figure.append("svg").attr("class", "drawing").attr("role", "img")
		.attr("xmlns", "http://www.w3.org/2000/svg");

	svg.append("defs").append("marker").attr("id", `${side.name}-head`)
		.attr("viewBox", "0 0 10 10").attr("refX", 9).attr("refY", 5)
		.attr("markerUnits", "userSpaceOnUse")
		.attr("markerWidth", 10).attr("markerHeight", 10).attr("orient", "auto")
		.append("path").attr("d", "M0,1 L10,5 L0,9 z");
	for (const layer of ["arrows", "boxes", "cells"])
		svg.append("g").attr("class", layer).attr("data-side", side.name);
	d3.select("#shown").append("option").attr("value", side.name)
		.text(`only ${side.label}`);
	return { side, figure, svg };
});

const numberOf = index => data.rows[row][index];
const isNew = (at, index) => data.rows[at][views.length === 2 ? 2 + index : 2];

function placeOf(side, step)
{
	return side.places[step.event];
}

function sayEvent(view, step, moved)
{
	const place = placeOf(view.side, step);
	const event = view.figure.select("p.event").text("");

	view.figure.classed("waits", !moved);
	if (step.kind === "say") {
		event.text("The program says what it does next.");
		return;
	}
	event.append("span").text(`${step.text} `);
	if (step.event)
		event.append("code").text(`${step.event} `);
	if (place && place.path)
		event.append("a").attr("href", place.href)
			.text(`${place.name}(), ${place.path}:${place.line}`)
			.node().addEventListener("click", click => {
				click.preventDefault();
				showFunction(place);
			});
	else if (place)
		event.append("code").text(`${place.name}()`);
}

function show()
{
	views.forEach((view, index) => {
		const number = numberOf(index);
		const now = layout(view.side, number);

		changes(now, layout(view.side, Math.max(number - 1, 0)));
		draw(view.svg, now);
		view.svg.attr("aria-label", summary(view.side, now.state))
			.attr("data-step", number);
		sayEvent(view, view.side.steps[number], isNew(row, index));
	});
	byId("slider").value = row;
	byId("number").textContent = `${row} of ${data.rows.length - 1}`;
	byId("say").textContent = lastSaid();
	d3.selectAll("#timeline tbody tr").classed("here", (one, index) => index === row)
		.attr("aria-current", (one, index) => index === row ? "step" : null);
	history.replaceState(null, "", `#step=${row}`);
}

// The program's own words about what it does now.
function lastSaid()
{
	for (let at = row; at >= 0; at--) {
		const step = views[0].side.steps[data.rows[at][0]];

		if (step.kind === "say")
			return step.text;
	}
	return "";
}

function summary(side, state)
{
	const segments = state.segments.map(one => `segment ${one.id} with nattch ` +
		`${one.nattch} and ${one.resident.length} of ${one.pages} pages in memory`);
	const processes = state.processes.map(one =>
		`${who(one)} with ${one.vmas.length} VMAs`);

	return `${side.label}: ${[...segments, ...processes].join("; ") || "nothing"}`;
}

function go(to)
{
	row = Math.max(0, Math.min(data.rows.length - 1, to));
	show();
	const here = document.querySelector("#timeline tr.here");

	if (here && byId("timeline").contains(document.activeElement))
		here.scrollIntoView({ block: "nearest" });
}

function play(on)
{
	clearInterval(timer);
	timer = on ? setInterval(() => {
		go(row + 1);
		if (row === data.rows.length - 1)
			play(false);
	}, PLAY_MS) : null;
	byId("play").textContent = on ? "pause" : "play";
}

// The function that made an event

function showFunction(place)
{
	const panel = byId("function"), pre = panel.querySelector("pre");
	const link = panel.querySelector("a");

	panel.querySelector("h2").textContent = `${place.name}()`;
	link.textContent = `${place.path}:${place.line}`;
	link.href = place.href;
	pre.textContent = "";
	place.text.split("\n").forEach((text, index) => {
		const number = place.first + index;
		const shown = `${String(number).padStart(5)}  ${text}\n`;

		if (number === place.line)
			pre.append(Object.assign(document.createElement("mark"),
				{ textContent: shown }));
		else
			pre.append(shown);
	});
	panel.hidden = false;
	panel.scrollIntoView({ block: "nearest" });
}

// That of the side that has moved in this row.
function functionHere()
{
	for (const index of views.keys()) {
		const side = views[index].side;
		const place = placeOf(side, side.steps[numberOf(index)]);

		if (isNew(row, index) && place && place.path)
			return showFunction(place);
	}
}

// Saving. Programs that draw slides know no variables of CSS.

function svgText(index)
{
	const copy = views[index].svg.node().cloneNode(true);
	const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
	let text = byId("drawing").textContent;

	for (const [, name, value] of text.matchAll(/--([\w-]+): ([^;]+);/g))
		text = text.replaceAll(`var(--${name})`, value);
	style.textContent = text.replace(/\s*--[\w-]+: [^;]+;/g, "");
	copy.prepend(style);
	return new XMLSerializer().serializeToString(copy);
}

function save(index)
{
	const blob = new Blob([svgText(index)], { type: "image/svg+xml" });
	const link = document.createElement("a");

	link.href = URL.createObjectURL(blob);
	link.download = `${views[index].side.name}-step-${row}.svg`;
	link.click();
	URL.revokeObjectURL(link.href);
}

// The timeline and its search

function timeline()
{
	const head = d3.select("#timeline thead tr");
	const rows = d3.select("#timeline tbody").selectAll("tr").data(data.rows)
		.join("tr").each(function (one, at) {
			d3.select(this).on("click", () => { play(false); go(at); })
				.attr("tabindex", -1);
		});

	rows.append("td").text((one, at) => at);
	views.forEach((view, index) => {
		head.append("th").text(view.side.label);
		rows.filter((one, at) => !isSaid(at) || index === 0)
			.append("td").each(function (one) {
				const at = data.rows.indexOf(one);
				const step = view.side.steps[one[index]];
				const cell = d3.select(this);

				if (isSaid(at))
					cell.attr("colspan", views.length);
				if (!isNew(at, index))
					return;
				cell.append("span").text(step.text);
				if (step.event && step.kind !== "say") {
					const place = placeOf(view.side, step);

					cell.append("code").text(` ${step.event}` +
						(place ? ` ${place.name}()` : ""));
				}
			});
	});
	rows.classed("say", (one, at) => isSaid(at));
}

// Both sides say the same in such a row.
function isSaid(at)
{
	return views.every((view, index) => isNew(at, index) &&
		view.side.steps[data.rows[at][index]].kind === "say");
}

function hits()
{
	return [...document.querySelectorAll("#timeline tbody tr")]
		.map((one, at) => one.classList.contains("hit") ? at : -1)
		.filter(at => at >= 0);
}

function search()
{
	const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);

	for (const one of document.querySelectorAll("#timeline tbody tr")) {
		const text = one.textContent.toLowerCase();

		one.classList.toggle("hit", words.length > 0 &&
			words.every(word => text.includes(word)));
	}
	byId("found").textContent = words.length ? `${hits().length} found` : "";
}

function nextHit(way)
{
	const found = hits();
	const next = way > 0 ? found.find(at => at > row) :
		found.reverse().find(at => at < row);

	if (next !== undefined)
		go(next);
}

function leave()
{
	play(false);
	byId("search").value = "";
	search();
	byId("function").hidden = true;
	document.activeElement.blur();
}

const KEYS = {
	ArrowRight: () => { play(false); go(row + 1); },
	ArrowLeft: () => { play(false); go(row - 1); },
	Home: () => go(0),
	End: () => go(data.rows.length - 1),
	" ": () => play(!timer),
	"/": () => byId("search").focus(),
	n: () => nextHit(1),
	p: () => nextHit(-1),
	f: functionHere,
	s: () => views.forEach((view, index) => view.figure.node().hidden || save(index)),
};

document.addEventListener("keydown", event => {
	if (event.key === "Escape") {
		leave();
		return;
	}
	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (event.target.matches("#search")) {
		if (event.key === "Enter") {
			event.preventDefault();
			nextHit(1);
		}
		return;
	}
	// A button keeps its space bar, the slider and the list keep their arrows.
	if (event.target.matches("button, select, input") && event.key !== "/")
		return;
	if (KEYS[event.key]) {
		event.preventDefault();
		KEYS[event.key]();
	}
});

byId("controls").addEventListener("submit", event => event.preventDefault());
byId("first").addEventListener("click", KEYS.Home);
byId("last").addEventListener("click", KEYS.End);
byId("next").addEventListener("click", KEYS.ArrowRight);
byId("back").addEventListener("click", KEYS.ArrowLeft);
byId("play").addEventListener("click", KEYS[" "]);
byId("close").addEventListener("click", () => { byId("function").hidden = true; });
byId("search").addEventListener("input", search);
byId("slider").max = data.rows.length - 1;
byId("slider").addEventListener("input", event => {
	play(false);
	go(Number(event.target.value));
});
byId("shown").addEventListener("change", event => {
	for (const view of views)
		view.figure.node().hidden = event.target.value &&
			event.target.value !== view.side.name;
	byId("sides").classList.toggle("one", Boolean(event.target.value) ||
		views.length === 1);
});
byId("theme").addEventListener("click", () => {
	const root = document.documentElement;
	const dark = root.dataset.theme ? root.dataset.theme === "dark" :
		matchMedia("(prefers-color-scheme: dark)").matches;

	root.dataset.theme = dark ? "light" : "dark";
});
// A page can be opened at a step: index.html#step=12
function fromAddress()
{
	const found = location.hash.match(/^#step=(\d+)$/);

	go(found ? Number(found[1]) : row);
}

window.addEventListener("hashchange", fromAddress);
timeline();
fromAddress();
