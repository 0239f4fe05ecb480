import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { ifKnown, isKnown } from '../core/tokens';
import {
  invalidLogRetention,
  invalidResourceGroupName,
  invalidUniqueSuffix,
  invalidWorkspaceName,
  pieceOff,
  pieceTwice,
  workspaceNameIsToken,
} from './errors';
import { checkTags } from './tags';
import type { WorkspaceProps } from './workspace-props';

/** Every fault of a workspace's props; those of registry and storage are their own constructs' to find. */
export function checkWorkspace(scope: IConstruct, props: WorkspaceProps): ValidationError[] {
  return [
    ...checkWorkspaceName(scope, props.workspaceName),
    ...checkSuffix(scope, props.uniqueSuffix),
    ...checkGroupName(scope, props.resourceGroupName ?? props.workspaceName),
    ...checkRetention(scope, props.logRetentionDays),
    ...checkPieces(scope, props),
    ...checkTags(scope, props.tags),
  ];
}

/** Azure ML's own rule for workspace names. */
export function checkWorkspaceName(scope: IConstruct, name: string): ValidationError[] {
  if (!isKnown(name)) return [workspaceNameIsToken(scope)];
  return /^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/.test(name) ? [] : [invalidWorkspaceName(scope, name)];
}

export function checkSuffix(scope: IConstruct, suffix: string | undefined): ValidationError[] {
  return ifKnown(suffix, value => (/^[a-z0-9]{1,8}$/.test(value) ? [] : [invalidUniqueSuffix(scope, value)])) ?? [];
}

function checkGroupName(scope: IConstruct, name: string): ValidationError[] {
  return ifKnown(name, value => (/^[\w.()-]{0,89}[\w()-]$/.test(value) ? [] : [invalidResourceGroupName(scope, value)])) ?? [];
}

function checkRetention(scope: IConstruct, days: number | undefined): ValidationError[] {
  const isLegal = (value: number) => Number.isInteger(value) && value >= 30 && value <= 730;
  return ifKnown(days, value => (isLegal(value) ? [] : [invalidLogRetention(scope, value)])) ?? [];
}

/** What brings a piece, what asks for a new one, and what only a new one has. */
const PIECES = [
  { brought: 'registry', flag: 'createRegistry', options: ['registryName', 'registrySku'] },
  { brought: 'modelStore', flag: 'createModelStore', options: ['storageAccountName', 'modelWriterPrincipalIds'] },
  { brought: 'logAnalytics', flag: 'createMonitoring', options: ['logRetentionDays'] },
  { brought: 'pullIdentity', flag: 'createPullIdentity', options: [] },
] as const;

function checkPieces(scope: IConstruct, props: WorkspaceProps): ValidationError[] {
  return PIECES.flatMap(piece => {
    const given = piece.options.filter(option => props[option] !== undefined);
    if (props[piece.brought] !== undefined) {
      const asked = piece.brought !== 'logAnalytics' && props[piece.flag] === true ? [piece.flag, ...given] : given;
      return asked.map(option => pieceTwice(scope, piece.brought, option));
    }
    return props[piece.flag] === false ? given.map(option => pieceOff(scope, option, `${piece.flag}: false`)) : [];
  });
}
