/**
 * The districts of a city as a map: their shapes coloured by a figure, nothing else. No tiles, no outside requests.
 *
 * Boundary: shapes and colours in, the district pointed at or chosen out. It repeats what the list beside it has in words and links,
 * so its shapes are no stops for the keyboard; the map itself can be moved and zoomed by keys.
 */
import {
  geoJSON,
  type GeoJSON,
  type LatLngBounds,
  latLngBounds,
  type Map as LeafletMap,
  map as createMap,
  type Path,
  type Tooltip,
  tooltip,
} from 'leaflet';
import 'leaflet/dist/leaflet.css';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DistrictShapes } from '../api/registry.ts';
import { labelPlace } from '../city/label-place.ts';

export interface Shade {
  /** Null where nothing was measured. */
  readonly fill: string | null;
  readonly ink: string;
  readonly name: string;
  readonly figure: string;
  /** An hour that is not final is hatched, as on the ribbon. */
  readonly isOpen: boolean;
}

interface DistrictMapProps {
  readonly shapes: DistrictShapes;
  /** Of every district. */
  readonly shades: ReadonlyMap<string, Shade>;
  readonly pointed: string | null;
  readonly label: string;
  readonly onPoint: (district: string | null) => void;
  readonly onChoose: (district: string) => void;
}

/** A name and a figure need so many pixels from their middle to the nearest edge of the shape. */
const LABEL_ROOM_PX = 21;
const PADDING_PX = 18;

interface DrawnDistrict {
  readonly path: GeoJSON;
  readonly label: Tooltip | null;
  /** Degrees of latitude around the label. */
  readonly room: number;
}
type Drawn = ReadonlyMap<string, DrawnDistrict>;

export function DistrictMap(props: DistrictMapProps): JSX.Element {
  const { shapes, shades, pointed, label } = props;
  const element = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ map: LeafletMap; districts: Drawn } | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (element.current === null) return;
    const made = draw(element.current, shapes, latest);
    drawn.current = made;
    paint(made.districts, latest.current.shades, latest.current.pointed);
    const resize = new ResizeObserver(() => {
      made.map.invalidateSize({ animate: false });
      made.map.fitBounds(made.bounds, { animate: false, padding: [PADDING_PX, PADDING_PX] });
      fitLabels(made.map, made.districts);
    });
    resize.observe(element.current);
    return () => {
      resize.disconnect();
      made.map.remove();
      drawn.current = null;
    };
  }, [shapes]);

  useEffect(() => {
    if (drawn.current === null) return;
    paint(drawn.current.districts, shades, pointed);
    fitLabels(drawn.current.map, drawn.current.districts);
  }, [shades, pointed]);

  return <div class="map" ref={element} role="region" aria-label={label} />;
}

function draw(
  element: HTMLElement,
  shapes: DistrictShapes,
  latest: { readonly current: DistrictMapProps },
): { map: LeafletMap; districts: Drawn; bounds: LatLngBounds } {
  const map = createMap(element, {
    attributionControl: false,
    scrollWheelZoom: false,
    zoomSnap: 0,
    zoomDelta: 0.75,
    zoomAnimation: false,
    fadeAnimation: false,
    markerZoomAnimation: false,
    inertia: false,
  });
  const bounds = latLngBounds([]);
  const drawn = shapes.features.flatMap(({ geometry, properties: { district } }): [string, DrawnDistrict][] => {
    if (geometry === null) return [];
    const layer = geoJSON(geometry, { style: { className: 'map-district' } });
    bounds.extend(layer.getBounds());
    layer.on({
      mouseover: () => latest.current.onPoint(district),
      mouseout: () => latest.current.onPoint(null),
      click: () => latest.current.onChoose(district),
    });
    const place = labelPlace(geometry);
    const label = place === null ? null : tooltip([place.latitude, place.longitude], LABEL);
    return [[district, { path: layer, label, room: place?.room ?? 0 }]];
  });
  map.fitBounds(bounds, { animate: false, padding: [PADDING_PX, PADDING_PX] });
  const districts = new Map(drawn);
  for (const { path, label } of districts.values()) {
    path.addTo(map);
    label?.addTo(map);
  }
  map.on('zoomend', () => fitLabels(map, districts));
  return { map, districts, bounds };
}

const LABEL = { permanent: true, direction: 'center', className: 'map-label', opacity: 1 } as const;

function paint(districts: Drawn, shades: ReadonlyMap<string, Shade>, pointed: string | null): void {
  for (const [district, { path, label }] of districts) {
    const shade = shades.get(district);
    for (const element of elementsOf(path)) {
      element.classList.toggle('none', shade?.fill == null);
      element.classList.toggle('pointed', district === pointed);
      element.classList.toggle('open', shade?.isOpen === true);
      element.setAttribute('style', shade?.fill == null ? '' : `fill: ${shade.fill}`);
    }
    if (district === pointed) path.bringToFront();
    if (label !== null) write(label, shade);
  }
}

function elementsOf(layer: GeoJSON): Element[] {
  return layer.getLayers().flatMap((one) => (one as Path).getElement() ?? []);
}

function write(label: Tooltip, shade: Shade | undefined): void {
  const element = document.createElement('div');
  const name = document.createElement('span');
  const figure = document.createElement('b');
  name.textContent = shade?.name ?? '';
  figure.textContent = shade?.figure ?? '';
  element.append(name, figure);
  element.style.color = shade?.ink ?? 'inherit';
  label.setContent(element);
}

/** Hides names that their shapes have no room for: the list has them all. */
function fitLabels(map: LeafletMap, districts: Drawn): void {
  for (const { label, room } of districts.values()) {
    const at = label?.getLatLng();
    if (at === undefined) continue;
    const edge = map.latLngToLayerPoint([at.lat + room, at.lng]);
    const hasRoom = map.latLngToLayerPoint(at).y - edge.y >= LABEL_ROOM_PX;
    label?.getElement()?.classList.toggle('no-room', !hasRoom);
  }
}
