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
  type Map as LeafletMap,
  map as createMap,
  type Path,
  type Polygon,
  type Tooltip,
} from 'leaflet';
import type { FeatureCollection } from 'geojson';
import 'leaflet/dist/leaflet.css';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DistrictShapes } from '../api/registry.ts';

export interface Shade {
  readonly fill: string;
  readonly ink: string;
  readonly name: string;
  readonly figure: string;
  /** An hour that is not final is hatched, as on the ribbon. */
  readonly isOpen: boolean;
}

interface DistrictMapProps {
  readonly shapes: DistrictShapes;
  /** By district; those without a figure are left blank. */
  readonly shades: ReadonlyMap<string, Shade>;
  readonly pointed: string | null;
  readonly label: string;
  readonly onPoint: (district: string | null) => void;
  readonly onChoose: (district: string) => void;
}

/** A name needs so many pixels to stand in its shape. */
const LABEL_PX_MIN = 56;
const PADDING_PX = 18;

type Drawn = Readonly<Record<string, Polygon>>;

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
  const known: FeatureCollection = {
    type: 'FeatureCollection',
    features: shapes.features.flatMap(({ geometry, ...feature }) =>
      geometry === null ? [] : [{ ...feature, geometry }],
    ),
  };
  const districts: Record<string, Polygon> = {};
  const layer: GeoJSON = geoJSON(known, {
    style: { className: 'map-district' },
    onEachFeature: (feature, shape) => {
      const { district } = feature.properties as { district: string };
      districts[district] = shape as Polygon;
      shape.bindTooltip('', { permanent: true, direction: 'center', className: 'map-label' });
      shape.on({
        mouseover: () => latest.current.onPoint(district),
        mouseout: () => latest.current.onPoint(null),
        click: () => latest.current.onChoose(district),
      });
    },
  }).addTo(map);
  const bounds = layer.getBounds();
  map.fitBounds(bounds, { animate: false, padding: [PADDING_PX, PADDING_PX] });
  map.on('zoomend', () => fitLabels(map, districts));
  return { map, districts, bounds };
}

function paint(districts: Drawn, shades: ReadonlyMap<string, Shade>, pointed: string | null): void {
  for (const [district, shape] of Object.entries(districts)) {
    const shade = shades.get(district);
    const path = (shape as Path).getElement();
    path?.classList.toggle('none', shade === undefined);
    path?.classList.toggle('pointed', district === pointed);
    path?.classList.toggle('open', shade?.isOpen === true);
    path?.setAttribute('style', shade === undefined ? '' : `fill: ${shade.fill}`);
    if (district === pointed) shape.bringToFront();
    const tooltip = shape.getTooltip();
    if (tooltip !== undefined) write(tooltip, shade);
  }
}

function write(tooltip: Tooltip, shade: Shade | undefined): void {
  const element = document.createElement('div');
  const name = document.createElement('span');
  const figure = document.createElement('b');
  name.textContent = shade?.name ?? '';
  figure.textContent = shade?.figure ?? '';
  element.append(name, figure);
  element.style.color = shade?.ink ?? 'inherit';
  tooltip.setContent(element);
}

/** Hides names that their shapes have no room for: the list has them all. */
function fitLabels(map: LeafletMap, districts: Drawn): void {
  for (const shape of Object.values(districts)) {
    const bounds = shape.getBounds();
    const from = map.latLngToLayerPoint(bounds.getNorthWest());
    const to = map.latLngToLayerPoint(bounds.getSouthEast());
    const hasRoom = to.x - from.x >= LABEL_PX_MIN && to.y - from.y >= LABEL_PX_MIN / 2;
    shape.getTooltip()?.getElement()?.classList.toggle('no-room', !hasRoom);
  }
}
