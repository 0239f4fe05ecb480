import { TerraformProvider } from 'cdktf';
import { IConstruct } from 'constructs';
import { throwAll, ValidationError } from '../core/errors';
import { isKnown } from '../core/tokens';
import { IRegisteredModel } from '../model/registered-model';
import { tagsCollide } from './aks-errors';

/** Labels and annotations of a service's Kubernetes objects. @internal */
export interface ServiceMetadata {
  /** Chooses the service's pods. Kubernetes never lets a Deployment change it, so it holds nothing that could. */
  readonly selector: { [name: string]: string };
  /** Of the pods; a change rolls out. */
  readonly podLabels: { [name: string]: string };
  /** Of every object but the pods. */
  readonly labels: { [name: string]: string };
  /** Of every object but the pods. */
  readonly annotations: { [name: string]: string };
}

/** What the metadata is made of. @internal */
export interface MetadataRequest {
  readonly name: string;
  readonly models: readonly IRegisteredModel[];
  readonly tags?: { [name: string]: string };
  readonly description?: string;
}

/** Where an object is made. @internal */
export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly metadata: ServiceMetadata;
  readonly provider?: TerraformProvider;
}

/** @internal */
export function objectMeta(place: Place, suffix = '') {
  const { labels, annotations } = place.metadata;
  return { name: `${place.name}${suffix}`, namespace: place.namespace, labels, annotations };
}

const TAG_PREFIX = 'tag.cdktf-model-serving/';

/**
 * Tags that Kubernetes takes as labels become labels, by which objects can be chosen; all others become annotations, which
 * take any text. They stay off the pods, so that a new tag does not restart the service.
 *
 * @internal
 */
export function serviceMetadata(scope: IConstruct, request: MetadataRequest): ServiceMetadata {
  const selector = { 'app.kubernetes.io/name': request.name, 'app.kubernetes.io/instance': request.name };
  const podLabels = { ...selector, 'app.kubernetes.io/component': 'scoring' };
  const tags = Object.entries(request.tags ?? {});
  const isTagLabel = ([name, value]: [string, string]) => isLabel(name, value) && !name.includes('kubernetes.io/');
  return {
    selector,
    podLabels,
    labels: {
      ...Object.fromEntries(tags.filter(isTagLabel)),
      ...podLabels,
      'app.kubernetes.io/managed-by': 'terraform',
    },
    annotations: {
      ...tagAnnotations(
        scope,
        tags.filter(tag => !isTagLabel(tag)),
      ),
      'cdktf-model-serving/models': request.models.map(model => model.modelId).join(' '),
      ...(request.description === undefined ? {} : { 'kubernetes.io/description': request.description }),
    },
  };
}

function tagAnnotations(scope: IConstruct, tags: Array<[string, string]>): { [name: string]: string } {
  const origins = new Map<string, string>();
  const faults: ValidationError[] = [];
  const annotations: { [name: string]: string } = {};
  for (const [name, value] of tags) {
    const annotation = `${TAG_PREFIX}${qualifiedName(name)}`;
    const other = origins.get(annotation);
    if (other !== undefined) faults.push(tagsCollide(scope, other, name, annotation));
    origins.set(annotation, name);
    annotations[annotation] = value;
  }
  throwAll(faults);
  return annotations;
}

/** Source: Kubernetes, "Labels and Selectors", syntax and character set. A value that only Terraform knows may be anything. */
function isLabel(name: string, value: string): boolean {
  const segment = /^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/;
  const prefix = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
  const parts = name.split('/');
  const isName = parts.length === 1 ? segment.test(name) : parts.length === 2 && prefix.test(parts[0]) && segment.test(parts[1]);
  return isName && isKnown(value) && (value === '' || segment.test(value));
}

/** The nearest name that an annotation can have: at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends. */
function qualifiedName(name: string): string {
  const legal = name
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '');
  return legal || 'tag';
}
